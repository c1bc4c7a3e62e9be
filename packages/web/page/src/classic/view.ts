/** What the classic page shows, and nothing of how it comes about. */

/** What the user does. */
export interface ClassicActions {
  /** Returns whether the text was taken. */
  readonly onSend: (text: string) => boolean;
  readonly onAgain: () => void;
  readonly onSwitch: (conversation: string) => void;
}

/** What an AI worker is busy with. */
export interface Busy {
  readonly isThinking: boolean;
  readonly isExtracting: boolean;
  readonly isSummaryGenerating: boolean;
}

/** A message, as the server tells it; whatever it is, it is shown as text. */
type Frame = Readonly<Record<string, unknown>>;

export class ClassicView {
  readonly #document: Document;
  readonly #text: HTMLInputElement;
  readonly #send: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #conversation: HTMLSelectElement;
  readonly #state: HTMLElement;
  readonly #typing: HTMLElement;
  readonly #messages: HTMLElement;

  constructor(document: Document, actions: ClassicActions) {
    const find = <T extends HTMLElement>(id: string): T => {
      const element = document.getElementById(id);
      if (element === null) throw new Error(`the page has no #${id}`);
      return element as T;
    };
    this.#document = document;
    this.#text = find('text');
    this.#send = find('send');
    this.#again = find('again');
    this.#conversation = find('conversation');
    this.#state = find('state');
    this.#typing = find('typing');
    this.#messages = find('messages');
    find('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text !== '' && actions.onSend(text)) this.#text.value = '';
    });
    this.#again.addEventListener('click', actions.onAgain);
    this.#conversation.addEventListener('change', () => actions.onSwitch(this.#conversation.value));
  }

  /** A conversation begins. */
  begin(conversation: string, all: readonly string[]): void {
    const options = all.map((id) => {
      const option = this.#document.createElement('option');
      option.value = option.textContent = id;
      option.selected = id === conversation;
      return option;
    });
    this.#conversation.replaceChildren(...options);
    this.#messages.replaceChildren();
    this.setConnected(false);
  }

  /** The input follows the connection by itself. */
  setConnected(isConnected: boolean): void {
    // Whoever was writing goes on writing when it is back.
    const wasWriting = this.#document.activeElement === this.#text || this.#text.dataset['writing'] === 'yes';
    this.#text.disabled = this.#send.disabled = !isConnected;
    this.#text.dataset['writing'] = !isConnected && wasWriting ? 'yes' : 'no';
    this.#text.placeholder = isConnected ? 'Write a message' : 'Waiting for the connection…';
    this.#state.textContent = isConnected ? 'Connected' : 'Not connected; it comes back by itself';
    this.#state.dataset['state'] = isConnected ? 'connected' : 'away';
    this.#again.hidden = true;
    if (!isConnected) this.#typing.textContent = '';
    else if (wasWriting) this.#text.focus();
  }

  /** It has given up: now somebody must ask. */
  setFailed(): void {
    this.setConnected(false);
    this.#state.textContent = 'Gave up after several attempts';
    this.#state.dataset['state'] = 'failed';
    this.#again.hidden = false;
  }

  setBusy(busy: Busy): void {
    const { isThinking, isExtracting, isSummaryGenerating } = busy;
    this.#typing.textContent = isThinking
      ? 'The assistant is thinking…'
      : isExtracting
        ? 'What was said is being evaluated…'
        : isSummaryGenerating
          ? 'A summary is being made…'
          : '';
  }

  add(frame: Frame, isReply: boolean): void {
    const item = this.#document.createElement('li');
    item.dataset['from'] = isReply ? 'assistant' : 'user';
    item.textContent = textOf(frame);
    this.#messages.append(item);
    while (this.#messages.childElementCount > MESSAGES_MAX) this.#messages.firstElementChild?.remove();
    this.#messages.scrollTop = this.#messages.scrollHeight;
  }
}

function textOf(frame: Frame): string {
  const named = ['plaintext', 'message', 'text', 'content'].map((name) => frame[name]);
  return named.find((value) => typeof value === 'string') ?? JSON.stringify(frame);
}

const MESSAGES_MAX = 300;
