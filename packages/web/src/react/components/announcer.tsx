/** What a screen reader hears of a connection. */

import { type ReactNode, useEffect, useState } from 'react';
import type { ConnectionSource } from '../../api.js';
import { type Phase, usePhase, useVoice } from './phase.js';
import type { ConnectionTexts } from './texts.js';

export interface AnnouncerProps {
  readonly source: ConnectionSource;
  readonly texts: ConnectionTexts;
  /** Whether the connection is spoken of; where several components would, the first does. Default: true. */
  readonly announce?: boolean | undefined;
  readonly delayMs?: number | undefined;
  /** Something else to say, politely. */
  readonly activity?: string | undefined;
  /** Something that was lost, to be said at once. */
  readonly alarm?: string | undefined;
}

/**
 * Two live regions that are always there, hidden from the eye: one polite, one for what is given up or lost. Both are
 * empty at first; text is written in a later tick, since a region that comes with its text is not read.
 */
export function Announcer({
  source,
  texts,
  announce = true,
  delayMs,
  activity,
  alarm,
}: AnnouncerProps): ReactNode {
  const phase = usePhase(source, delayMs);
  const speaks = useVoice(source, announce);
  const said = speaks ? wordsOf(phase, texts) : '';
  const polite = useLater((phase === 'failed' ? '' : said) || activity || '');
  const urgent = useLater(alarm || (phase === 'failed' ? said : ''));
  return (
    <>
      <div role="status" className="everlink-unseen">
        {polite}
      </div>
      <div role="alert" className="everlink-unseen">
        {urgent}
      </div>
    </>
  );
}

function wordsOf(phase: Phase, texts: ConnectionTexts): string {
  if (phase === 'quiet') return '';
  if (phase === 'restored') return texts.restored;
  return texts.states[phase === 'failed' ? 'error' : phase];
}

/** Gives a text a moment later, and takes it away again: what was read once need not be found a second time. */
function useLater(text: string): string {
  const [shown, setShown] = useState('');
  useEffect(() => {
    const write = setTimeout(() => setShown(text), WRITE_MS);
    const clear = setTimeout(() => setShown(''), WRITE_MS + CLEAR_MS);
    return () => {
      clearTimeout(write);
      clearTimeout(clear);
    };
  }, [text]);
  return shown;
}

const WRITE_MS = 100;
const CLEAR_MS = 8000;
