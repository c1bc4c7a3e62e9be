/** Every component in every state, to be looked at. `?theme=dark`, `?dir=rtl`, `?only=chat`, `?width=320`. */

import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatCases } from './chat-cases.js';
import { ConnectionCases } from './connection-cases.js';

const asked = new URLSearchParams(location.search);
document.documentElement.style.colorScheme = asked.get('theme') ?? 'light dark';
document.documentElement.dir = asked.get('dir') ?? 'ltr';
document.body.style.maxWidth = asked.has('width') ? `${asked.get('width')}px` : '';

const groups: Record<string, () => ReactNode> = { connection: ConnectionCases, chat: ChatCases };
const only = asked.get('only');

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <main>
      <h1>Everlink components</h1>
      {Object.entries(groups).map(
        ([name, Group]) => (only === null || only === name) && <Group key={name} />,
      )}
    </main>
  </StrictMode>,
);

if (asked.has('axe')) {
  // The result stands in the title, for a browser that nobody looks at.
  const { default: axe } = await import('axe-core');
  setTimeout(async () => {
    const { violations } = await axe.run(document.body);
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
    document.title = JSON.stringify(found);
  }, 2000);
}
