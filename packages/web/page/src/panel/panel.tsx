/** The connection as it lives, and the ways to break it. */

import type { ReactNode } from 'react';
import type { Desk } from '../desk.js';
import { useStore } from '../hooks.js';
import { Breakers } from './breakers.jsx';
import { BurstView } from './burst.jsx';
import { Figures } from './figures.jsx';
import { Headline } from './headline.jsx';
import { Latency } from './latency.jsx';
import { Log } from './log.jsx';
import { Timeline } from './timeline.jsx';

export function Panel({ desk }: { readonly desk: Desk }): ReactNode {
  const { strip, samples, entries, info } = useStore(desk.watch);
  return (
    <aside className="panel" aria-label="The connection">
      <Headline desk={desk} />
      <Timeline strip={strip} />
      <Part title="Break it">
        <Breakers desk={desk} />
      </Part>
      <Part title="See that nothing is lost">
        <BurstView desk={desk} />
        <Figures desk={desk} />
      </Part>
      <Part title="Round trips">
        <Latency samples={samples} latencyMs={info.latencyMs} quality={info.quality} />
      </Part>
      <Part title="What happened">
        <Log entries={entries} />
      </Part>
    </aside>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <section className="part">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
