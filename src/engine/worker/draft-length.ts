/** Most tokens guessed ahead: beyond it a wrong guess costs more than right ones save. */
const MOST = 16;
const FIRST = 4;
/** After this many tokens without guesses, guessing is tried again. */
const REST = 32;

/** How many tokens to guess ahead of one answer: more while guesses are right, none while they are wrong. */
export class DraftLength {
  #length = FIRST;
  #rested = 0;

  /** How many the next step should try. */
  next(): number {
    if (this.#length > 0) return this.#length;
    if (++this.#rested < REST) return 0;
    this.#rested = 0;
    return 1;
  }

  /** Of `offered` guesses the first `accepted` were right. */
  learn(offered: number, accepted: number): void {
    if (offered === 0) return;
    if (accepted === offered) this.#length = Math.min(MOST, Math.max(this.#length, offered) * 2);
    else if (accepted === 0) this.#length = Math.floor(offered / 2);
    else this.#length = accepted + 1;
  }
}
