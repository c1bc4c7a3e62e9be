/** Where a message is written (C07). */

import { type FormEvent, type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import type { ChannelStore } from '../channel/store.js';
import type { ChatTexts } from './texts.js';

export interface ComposerProps {
  readonly store: ChannelStore | undefined;
  readonly texts: ChatTexts;
  readonly user: string | undefined;
  /** Nothing can be sent now. What is written stays, and so does the focus: nobody has to click when it can again. */
  readonly isDisabled: boolean;
  /** That is because the connection is away. */
  readonly isAway: boolean;
}

export function Composer({ store, texts, user, isDisabled, isAway }: ComposerProps): ReactNode {
  const id = useId();
  const [draft, setDraft] = useState('');
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    const said = draft.trim();
    if (said === '' || isDisabled || store === undefined) return;
    store.send({ plaintext: said, ...(user !== undefined && { sender_id: user }) });
    setDraft('');
  };
  const key = (event: KeyboardEvent) => {
    // Enter ends the choice of a character where one is being composed.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    send(event);
  };
  const write = (text: string) => {
    setDraft(text);
    store?.setTyping(text !== '');
  };
  return (
    <form className="everlink-composer" onSubmit={send}>
      <label htmlFor={id} className="everlink-unseen">
        {texts.message}
      </label>
      <textarea
        id={id}
        dir="auto"
        rows={1}
        value={draft}
        placeholder={isDisabled ? (isAway ? texts.away : '') : texts.placeholder}
        // Not `disabled`: that would take the focus away, and not give it back.
        readOnly={isDisabled}
        aria-disabled={isDisabled}
        onChange={(event) => write(event.target.value)}
        onKeyDown={key}
        onBlur={() => store?.setTyping(false)}
      />
      <button type="submit" className="everlink-button" aria-disabled={isDisabled || draft.trim() === ''}>
        {texts.send}
      </button>
    </form>
  );
}
