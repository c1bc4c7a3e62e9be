/** The page: rooms, a chat, and the connection beside it. */

import { type ReactNode, useEffect, useState } from 'react';
import { type ClientClass, type Desk, openDesk } from './desk.js';
import { useStore } from './hooks.js';
import { clientStore } from './panel/headline.jsx';
import { Panel } from './panel/panel.jsx';
import { Shape, STATE_WORDS } from './panel/states.jsx';
import { Person } from './person.jsx';
import { RoomList } from './rooms/list.jsx';
import { RoomView } from './rooms/room.jsx';
import { useRoom } from './rooms/rooms.js';
import { ABOUT_UNKNOWN, type About, askAbout, keepName, ownName } from './session.js';
import { TokenForm } from './token.jsx';

export interface AppProps {
  readonly clientClass: ClientClass;
  /** The engine that the class drives. */
  readonly engine: 'js' | 'wasm';
}

export function App({ clientClass, engine }: AppProps): ReactNode {
  const about = useAbout();
  const [user, setUser] = useState(ownName);
  const [token, setToken] = useState<string>();
  const desk = useDesk(clientClass, about, user, token);
  const rename = (name: string) => {
    keepName(name);
    setUser(name);
  };
  if (about?.tokens === true && token === undefined) return <TokenForm onToken={setToken} />;
  if (desk === undefined) return null;
  return <Page desk={desk} engine={engine} onRename={rename} />;
}

interface PageProps {
  readonly desk: Desk;
  readonly engine: AppProps['engine'];
  readonly onRename: (name: string) => void;
}

function Page({ desk, engine, onRename }: PageProps): ReactNode {
  const room = useRoom();
  const [view, setView] = useState<'chat' | 'connection'>('chat');
  useEffect(() => desk.news.opened(room.id), [desk, room]);
  return (
    <div className="page" data-view={view}>
      <header className="top">
        <h1>
          <Mark /> Everlink
        </h1>
        <StateButton
          desk={desk}
          isPressed={view === 'connection'}
          onClick={() => setView(view === 'chat' ? 'connection' : 'chat')}
        />
      </header>
      <nav className="side" aria-label="Rooms">
        <RoomList desk={desk} open={room} onOpen={() => setView('chat')} />
      </nav>
      <main>
        <RoomView key={`${room.id} ${desk.user}`} desk={desk} room={room} />
      </main>
      <Panel desk={desk} />
      {/* Last, as on a phone: who goes by the keyboard should not meet it before what it stands below. */}
      <footer className="foot">
        <Person user={desk.user} isFixed={desk.about.tokens} onRename={onRename} />
        <Links engine={engine} version={desk.about.version} />
      </footer>
    </div>
  );
}

interface StateButtonProps {
  readonly desk: Desk;
  readonly isPressed: boolean;
  readonly onClick: () => void;
}

/** On a narrow screen: how the connection is, and the way to its panel. */
function StateButton({ desk, isPressed, onClick }: StateButtonProps): ReactNode {
  const { state, queuedMessages } = useStore(clientStore(desk));
  return (
    <button type="button" className="state-button" aria-pressed={isPressed} onClick={onClick}>
      <Shape state={state} />
      {isPressed ? 'Back to the chat' : STATE_WORDS[state]}
      {queuedMessages > 0 && !isPressed && <span className="badge">{`${queuedMessages} waiting`}</span>}
    </button>
  );
}

function Links({
  engine,
  version,
}: {
  readonly engine: AppProps['engine'];
  readonly version: string;
}): ReactNode {
  const other = engine === 'wasm' ? '?engine=js' : '/';
  return (
    <p className="links">
      <a href={`${other}${location.hash}`}>
        {engine === 'wasm' ? 'Without WebAssembly' : 'With WebAssembly'}
      </a>
      <a href="/classic">Classic page</a>
      <a href="/api/docs">Interface</a>
      <span>{version && `everlink ${version}`}</span>
    </p>
  );
}

/** Two links of a chain that hold each other. */
function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" className="mark">
      <path d="M13 10h-3a6 6 0 0 0 0 12h3M19 10h3a6 6 0 0 1 0 12h-3" />
      <path d="M11 16h10" />
    </svg>
  );
}

function useAbout(): About | undefined {
  const [about, setAbout] = useState<About>();
  useEffect(() => {
    askAbout()
      .catch(() => ABOUT_UNKNOWN)
      .then(setAbout);
  }, []);
  return about;
}

function useDesk(
  clientClass: ClientClass,
  about: About | undefined,
  user: string,
  token: string | undefined,
): Desk | undefined {
  const [desk, setDesk] = useState<Desk>();
  useEffect(() => {
    if (about === undefined || (about.tokens && token === undefined)) return;
    const desk = openDesk({ clientClass, about, user, token });
    setDesk(desk);
    return () => {
      setDesk(undefined);
      desk.close();
    };
  }, [clientClass, about, user, token]);
  return desk;
}
