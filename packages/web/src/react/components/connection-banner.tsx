/** `ConnectionBanner` (M09, M11). */

import { forwardRef, type ReactNode } from 'react';
import type { ConnectionSource } from '../../api.js';
import { useConnection } from '../connection/hook.js';
import { useSource } from '../source.js';
import { Announcer } from './announcer.js';
import { StateGlyph } from './glyph.js';
import { type ConnectionProps, classes, useTexts } from './parts.js';
import { type Phase, usePhase } from './phase.js';
import type { ConnectionTexts } from './texts.js';

export interface ConnectionBannerProps extends ConnectionProps {
  /** How long a loss may last before the banner shows. Unit: ms. Default: 1500. */
  readonly delayMs?: number;
  /** Whether losses are told to screen readers. Default: true; of several on a page the first speaks. */
  readonly announce?: boolean;
}

/** Shows, only while the connection is away, what is wrong and what becomes of messages, with a button to reconnect now. */
export const ConnectionBanner = forwardRef<HTMLDivElement, ConnectionBannerProps>(
  function ConnectionBanner(props, ref) {
    const { source, texts, delayMs, announce = true, ...rest } = props;
    const found = useSource(source);
    const words = useTexts(texts);
    const phase = usePhase(found, delayMs);
    return (
      <>
        {phase !== 'quiet' && phase !== 'restored' && (
          <div
            {...rest}
            ref={ref}
            className={classes('everlink', 'everlink-banner', rest.className)}
            data-phase={phase}
          >
            <BannerBody source={found} texts={words} phase={phase} />
          </div>
        )}
        {announce && <Announcer source={found} texts={words} delayMs={delayMs} />}
      </>
    );
  },
);

interface BannerBodyProps {
  readonly source: ConnectionSource;
  readonly texts: ConnectionTexts;
  readonly phase: Exclude<Phase, 'quiet' | 'restored'>;
}

function BannerBody({ source, texts, phase }: BannerBodyProps): ReactNode {
  const { lastError, metrics } = useConnection(undefined, source);
  const queued = metrics.queuedMessages;
  const state = phase === 'failed' ? 'error' : phase;
  const detail = [
    lastError !== undefined && texts.errors[lastError.kind](lastError),
    queued > 0 && phase !== 'failed' && texts.queued(queued),
  ];
  return (
    <>
      <StateGlyph state={state} />
      <div className="everlink-banner-body">
        <p>
          <strong>{texts.states[state]}</strong> {detail.filter(Boolean).join(' ')}
        </p>
        {phase !== 'connecting' && (
          <button type="button" className="everlink-button" onClick={() => source.reconnect()}>
            {phase === 'failed' ? texts.tryAgain : texts.reconnectNow}
          </button>
        )}
      </div>
    </>
  );
}
