/** Frames that cannot be understood. */

/** What is wrong, in the words of the test vectors. */
export type Problem =
  | 'message_kind'
  | 'syntax'
  | 'unicode'
  | 'too_long'
  | 'wrong_type'
  | 'missing'
  | 'unknown_frame'
  | 'length'
  | 'duplicate'
  | 'too_many_fields'
  | 'range'
  | 'payload'
  | 'base64'
  | 'too_deep'
  | 'unpaired'
  | 'count'
  | 'word';

/** Something that came and is no frame. It ends the transport. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  /** Where it is wrong: the type of the frame and the field, as far as they are known. */
  where = '';

  constructor(
    readonly problem: Problem,
    /** What was found and what is accepted. */
    readonly detail: string,
  ) {
    super();
    this.message = `${problem}: ${detail}`;
  }

  /** Adds where it is wrong, from the inside out. */
  at(where: string): this {
    this.where = this.where === '' ? where : `${where}.${this.where}`;
    this.message = `${this.where}: ${this.problem}: ${this.detail}`;
    return this;
  }

  /** The close code of who receives it (docs/reference/protocol.md, "When something is wrong"). */
  closeCode(sender: 'client' | 'server'): number {
    if (this.problem === 'message_kind') return 1003;
    if (this.problem === 'too_long') return 1009;
    if (this.problem === 'syntax' || this.problem === 'unicode') return 1007;
    return sender === 'client' ? 4400 : 1002;
  }
}
