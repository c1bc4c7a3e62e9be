import { EverlinkClient } from 'everlink';
import { ConnectionBanner, EverlinkProvider } from 'everlink/react';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';

const client = new EverlinkClient('ws://127.0.0.1:9/ws');
console.log(renderToString(createElement(EverlinkProvider, { client }, createElement(ConnectionBanner))));
