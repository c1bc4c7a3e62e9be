/** Asks for a token, where the server lets nobody in without one. It is kept in memory only. */

import { type FormEvent, type ReactNode, useState } from 'react';

export function TokenForm({ onToken }: { readonly onToken: (token: string) => void }): ReactNode {
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') onToken(token.trim());
  };
  return (
    <form className="token" onSubmit={submit}>
      <h1>This server asks for a token</h1>
      <label>
        <span>A JWT that it accepts, with grants for the rooms of this page</span>
        <textarea
          rows={5}
          value={token}
          spellCheck={false}
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      <button type="submit" className="button primary">
        Come in
      </button>
    </form>
  );
}
