/** Buttons that break the connection, each with what it really does. */

import { type ReactNode, useState } from 'react';
import type { Desk } from '../desk.js';
import { useStore } from '../hooks.js';
import { LATENCY_MS_MAX } from '../network/network.js';
import { killServerSide } from '../session.js';

export function Breakers({ desk }: { readonly desk: Desk }): ReactNode {
  const { network, watch } = desk;
  const weather = useStore(network);
  const cut = () => {
    const sockets = network.cut();
    watch.note('done', sockets > 0 ? 'You cut the socket' : 'There was no socket to cut');
  };
  const freeze = () => {
    const sockets = network.freeze();
    watch.note(
      'done',
      sockets > 0
        ? 'You froze the socket: it looks open and carries nothing'
        : 'There was no socket to freeze',
    );
  };
  const toggle = () => {
    network.setOffline(!weather.offline);
    watch.note('done', weather.offline ? 'You switched the network on' : 'You switched the network off');
  };
  return (
    <div className="breakers">
      <Breaker name="Cut" about="The socket breaks" onClick={cut} icon="M6 6l12 12M6 18 18 6" />
      <Breaker
        name="Freeze"
        about="Open, but dead"
        onClick={freeze}
        icon="M12 3v18M4.2 7.5l15.6 9M19.8 7.5l-15.6 9"
      />
      <Breaker
        name={weather.offline ? 'Back online' : 'Go offline'}
        about={weather.offline ? 'Dials work again' : 'Dials fail too'}
        pressed={weather.offline}
        onClick={toggle}
        icon="M3 9a14 14 0 0 1 18 0M6.5 13a9 9 0 0 1 11 0M10 17a4 4 0 0 1 4 0M4 4l16 16"
      />
      <KillButton desk={desk} />
      <Slider latencyMs={weather.latencyMs} onChange={(latencyMs) => network.setLatency(latencyMs)} />
    </div>
  );
}

function KillButton({ desk }: { readonly desk: Desk }): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const { about, watch, user } = desk;
  if (about.kill === null) return null;
  const kill = async () => {
    setBusy(true);
    watch.note('done', WORDS[about.kill ?? 'connection'].done);
    try {
      await killServerSide(user);
    } catch (error) {
      // A server that is killed cannot say so.
      if (about.kill !== 'process') watch.note('bad', error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  const { name, detail } = WORDS[about.kill];
  return (
    <Breaker
      name={name}
      about={detail}
      onClick={() => void kill()}
      disabled={isBusy}
      icon="M13 2 5 14h6l-1 8 8-12h-6z"
    />
  );
}

const WORDS = {
  connection: {
    name: 'Kill server side',
    detail: 'It drops you, silently',
    done: 'You made the server drop this connection without a word',
  },
  process: { name: 'Kill the server', detail: 'kill -9, a real one', done: 'You killed the server with -9' },
} as const;

interface BreakerProps {
  readonly name: string;
  readonly about: string;
  readonly icon: string;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
}

function Breaker({ name, about, icon, onClick, pressed, disabled }: BreakerProps): ReactNode {
  return (
    <button type="button" className="breaker" aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
        <path
          d={icon}
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span>
        <b>{name}</b>
        <small>{about}</small>
      </span>
    </button>
  );
}

function Slider({
  latencyMs,
  onChange,
}: {
  readonly latencyMs: number;
  readonly onChange: (ms: number) => void;
}): ReactNode {
  return (
    <label className="slider">
      <span>Slow it down</span>
      <input
        type="range"
        min="0"
        max={LATENCY_MS_MAX}
        step="50"
        value={latencyMs}
        aria-valuetext={`${latencyMs} milliseconds more`}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output>{`+${latencyMs} ms`}</output>
    </label>
  );
}
