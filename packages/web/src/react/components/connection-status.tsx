/** `ConnectionStatus` and `ConnectionIndicator` (M09). */

import { forwardRef, type ReactNode } from 'react';
import type { ConnectionSource } from '../../api.js';
import { useConnection } from '../connection/hook.js';
import type { ConnectionView } from '../connection/store.js';
import { durationText, stateText } from '../connection/words.js';
import { useSource } from '../source.js';
import { Announcer } from './announcer.js';
import { StateGlyph } from './glyph.js';
import { type ConnectionProps, classes, useTexts } from './parts.js';
import type { ConnectionTexts } from './texts.js';

export interface ConnectionStatusProps extends ConnectionProps {
  /** Default: true. Hidden, it still speaks to screen readers. */
  readonly visible?: boolean;
  /** A corner of the window, or where it stands in the page. Default: `top-right`. */
  readonly position?: 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right' | 'inline';
  /** Also shows latency, reconnects, what waits, and how long it has stood. Default: false. */
  readonly showMetrics?: boolean;
  /** The shape alone, with the words as its label and tooltip. Default: false. */
  readonly compact?: boolean;
  /** Whether losses are told to screen readers. Default: true; of several on a page the first speaks. */
  readonly announce?: boolean;
}

/** Shows how the connection is, with the number of messages that wait. */
export const ConnectionStatus = forwardRef<HTMLDivElement, ConnectionStatusProps>(
  function ConnectionStatus(props, ref) {
    const {
      source,
      texts,
      visible = true,
      position = 'top-right',
      showMetrics,
      compact,
      announce = true,
      ...rest
    } = props;
    const found = useSource(source);
    const words = useTexts(texts);
    return (
      <>
        {visible && (
          <div
            {...rest}
            ref={ref}
            className={classes('everlink', 'everlink-status', rest.className)}
            data-position={position}
          >
            <StatusBody source={found} texts={words} compact={compact} showMetrics={showMetrics} />
          </div>
        )}
        {announce && <Announcer source={found} texts={words} />}
      </>
    );
  },
);

interface StatusBodyProps {
  readonly source: ConnectionSource;
  readonly texts: ConnectionTexts;
  readonly compact: boolean | undefined;
  readonly showMetrics: boolean | undefined;
}

function StatusBody({ source, texts, compact, showMetrics }: StatusBodyProps): ReactNode {
  const view = useConnection(undefined, source);
  const { queuedMessages } = view.metrics;
  const label = textOf(view, texts);
  return (
    <>
      <div className="everlink-row" title={compact ? label : undefined}>
        <StateGlyph state={view.state} />
        <span className={compact ? 'everlink-unseen' : undefined}>{label}</span>
        {queuedMessages > 0 && (
          <span className="everlink-badge">
            <span className="everlink-unseen">{`${texts.waiting}: `}</span>
            {queuedMessages}
          </span>
        )}
      </div>
      {showMetrics && <Metrics view={view} texts={texts} />}
    </>
  );
}

function Metrics({
  view,
  texts,
}: {
  readonly view: ConnectionView;
  readonly texts: ConnectionTexts;
}): ReactNode {
  const { latencyMs, reconnects, queuedMessages, connectionDurationMs, connected } = view.metrics;
  const rows: [string, string | number][] = [
    [texts.latency, latencyMs === undefined ? '–' : `${Math.round(latencyMs)} ms`],
    [texts.reconnects, reconnects],
    [texts.waiting, queuedMessages],
    [texts.connectedFor, connected ? durationText(connectionDurationMs, texts) : '–'],
  ];
  return (
    <dl className="everlink-metrics">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface ConnectionIndicatorProps extends ConnectionProps {}

/** A shape for a header, with the words as its label and tooltip. */
export const ConnectionIndicator = forwardRef<HTMLSpanElement, ConnectionIndicatorProps>(
  function ConnectionIndicator({ source, texts, ...rest }, ref) {
    const view = useConnection(undefined, useSource(source));
    const label = textOf(view, useTexts(texts));
    return (
      <span
        role="img"
        aria-label={label}
        title={label}
        {...rest}
        ref={ref}
        className={classes('everlink', 'everlink-indicator', rest.className)}
      >
        <StateGlyph state={view.state} />
      </span>
    );
  },
);

function textOf(view: ConnectionView, texts: ConnectionTexts): string {
  const { connected, connectionDurationMs } = view.metrics;
  return stateText(view.state, connected ? connectionDurationMs : undefined, texts);
}
