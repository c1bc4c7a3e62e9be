/** `ConnectionQuality` (X09, R03). */

import { forwardRef } from 'react';
import type { ConnectionSnapshot } from '../../api.js';
import { useConnection } from '../connection/hook.js';
import { useSource } from '../source.js';
import { QualityGlyph } from './glyph.js';
import { type ConnectionProps, classes, useTexts } from './parts.js';

export interface ConnectionQualityProps extends ConnectionProps {
  /** Shows the round trip too. Default: false. */
  readonly showLatency?: boolean;
  /** The bars alone, with the words as their label and tooltip. Default: false. */
  readonly compact?: boolean;
}

/** Shows how good the connection is, as bars and in a word. While there is none it is unusable. */
export const ConnectionQuality = forwardRef<HTMLSpanElement, ConnectionQualityProps>(
  function ConnectionQuality({ source, texts, showLatency = false, compact = false, ...rest }, ref) {
    const found = useSource(source);
    const words = useTexts(texts);
    const quality = useConnection(qualityOf, found);
    const latency = useConnection(showLatency ? latencyOf : nothing, found);
    const text = [words.qualities[quality], latency !== undefined && `${latency} ms`]
      .filter(Boolean)
      .join(' · ');
    const label = `${words.quality}: ${text}`;
    return (
      <span
        {...(compact && { role: 'img', 'aria-label': label })}
        title={label}
        {...rest}
        ref={ref}
        className={classes('everlink', 'everlink-quality', rest.className)}
      >
        <QualityGlyph quality={quality} />
        {!compact && <span>{text}</span>}
      </span>
    );
  },
);

const qualityOf = ({ isConnected, quality }: ConnectionSnapshot) => (isConnected ? quality : 'unusable');
const latencyOf = ({ isConnected, latencyMs }: ConnectionSnapshot) =>
  isConnected && latencyMs !== undefined ? Math.round(latencyMs) : undefined;
const nothing = () => undefined;
