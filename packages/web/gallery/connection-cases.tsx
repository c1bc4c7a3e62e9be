/** The components of a connection. */

import type { ReactNode } from 'react';
import {
  ConnectionBanner,
  ConnectionIndicator,
  ConnectionQuality,
  ConnectionStatus,
} from '../src/react/index.js';
import { connectionError, SceneClient } from './scene.js';

const STATES = ['closed', 'connecting', 'connected', 'disconnected', 'reconnecting', 'error'] as const;
const QUALITIES = ['excellent', 'good', 'poor', 'unusable'] as const;
const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft';

const BANNERS = {
  connecting: new SceneClient({ state: 'connecting' }),
  reconnecting: new SceneClient({
    state: 'reconnecting',
    lastError: connectionError('connection_lost'),
    queuedMessages: 3,
  }),
  disconnected: new SceneClient({ state: 'disconnected', lastError: connectionError('connection_error') }),
  'gave up': new SceneClient({ state: 'error', lastError: connectionError('gave_up') }),
  'server error, long words': new SceneClient({
    state: 'error',
    lastError: connectionError('server_error', LONG),
  }),
};

export function ConnectionCases(): ReactNode {
  return (
    <>
      <div className="group">
        {STATES.map((state) => (
          <Case key={state} name={`ConnectionStatus: ${state}`}>
            <ConnectionStatus source={clientOf(state)} position="inline" announce={false} />
          </Case>
        ))}
        <Case name="with metrics">
          <ConnectionStatus source={WAITING} position="inline" showMetrics announce={false} />
        </Case>
        <Case name="compact">
          <ConnectionStatus source={WAITING} position="inline" compact announce={false} />
        </Case>
        <Case name="ConnectionIndicator">
          {STATES.map((state) => (
            <ConnectionIndicator key={state} source={clientOf(state)} />
          ))}
        </Case>
        <Case name="ConnectionQuality">
          {QUALITIES.map((quality) => (
            <div key={quality}>
              <ConnectionQuality source={qualityOf(quality)} showLatency />
            </div>
          ))}
        </Case>
      </div>
      <div className="group">
        {Object.entries(BANNERS).map(([name, source]) => (
          <Case key={name} name={`ConnectionBanner: ${name}`}>
            <ConnectionBanner source={source} delayMs={0} announce={false} />
          </Case>
        ))}
      </div>
    </>
  );
}

export function Case({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <div className="case">
      <h2>{name}</h2>
      {children}
    </div>
  );
}

const WAITING = new SceneClient({ state: 'reconnecting', reconnects: 2, queuedMessages: 12 });
const clients = Object.fromEntries(STATES.map((state) => [state, new SceneClient({ state })]));
const clientOf = (state: (typeof STATES)[number]) => clients[state] as SceneClient;
const LATENCIES = { excellent: 34, good: 80, poor: 160, unusable: 420 };
const byQuality = Object.fromEntries(
  QUALITIES.map((quality) => [quality, new SceneClient({ quality, latencyMs: LATENCIES[quality] })]),
);
const qualityOf = (quality: (typeof QUALITIES)[number]) => byQuality[quality] as SceneClient;
