/** Who this window is. */

import { type FormEvent, type ReactNode, useState } from 'react';
import { isName } from './session.js';

interface PersonProps {
  readonly user: string;
  /** A token says who it is. */
  readonly isFixed: boolean;
  readonly onRename: (name: string) => void;
}

export function Person({ user, isFixed, onRename }: PersonProps): ReactNode {
  const [name, setName] = useState(user);
  const wanted = name.trim();
  const isWrong = wanted !== '' && !isName(wanted);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isName(wanted) && wanted !== user) onRename(wanted);
    else setName(user);
  };
  return (
    <form className="person" onSubmit={submit}>
      {!isFixed && (
        <label>
          <span>You are</span>
          <input
            value={name}
            maxLength={40}
            autoComplete="off"
            spellCheck={false}
            aria-invalid={isWrong}
            onChange={(event) => setName(event.target.value)}
            onBlur={submit}
          />
        </label>
      )}
      <a href={location.href} target="_blank" rel="noopener" className="second">
        Open a second window
      </a>
    </form>
  );
}
