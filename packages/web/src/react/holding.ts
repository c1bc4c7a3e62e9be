/** Things that must outlive the double mount of StrictMode, and nothing else. */

import { useEffect, useMemo } from 'react';

/** What can be held by several at once. */
export interface Holdable<T> {
  /** Returns the value, and how to let go of it; letting go twice is harmless. */
  hold(): readonly [value: T, release: () => void];
}

/**
 * A value that is made for its first holder and ended a moment after its last one has let go.
 *
 * React in StrictMode mounts, unmounts and mounts again without a pause; a value ended and made anew by that would be a
 * second socket. Hence the moment.
 */
export class Held<T> implements Holdable<T> {
  #holders = 0;
  #value: { readonly made: T } | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;
  readonly #make: () => T;
  readonly #end: (value: T) => void;

  constructor(make: () => T, end: (value: T) => void) {
    this.#make = make;
    this.#end = end;
  }

  hold(): readonly [value: T, release: () => void] {
    clearTimeout(this.#ending);
    this.#value ??= { made: this.#make() };
    this.#holders += 1;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#ending = setTimeout(() => this.#finish(), 0);
    };
    return [this.#value.made, release];
  }

  #finish(): void {
    const value = this.#value;
    this.#value = undefined;
    if (value !== undefined) this.#end(value.made);
  }
}

/** Opens something while the component is mounted, and closes it then. */
export function useOpened(thing: { open(): void; close(): void } | undefined): void {
  const held = useMemo(
    () =>
      thing &&
      new Held(
        () => thing.open(),
        () => thing.close(),
      ),
    [thing],
  );
  useEffect(() => held?.hold()[1], [held]);
}
