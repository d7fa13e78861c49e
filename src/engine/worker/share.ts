/**
 * Shares `budget` tokens out among prompts, evenly, and what a short one does not need among the others; so a
 * short prompt is soon through, and a long one never stands still.
 * @param wants tokens each prompt has left
 * @param turn moves on by one each step, so that with less than one token for each all get theirs in turn
 */
export function shareOut(wants: readonly number[], budget: number, turn: number): number[] {
  const shares = wants.map(() => 0);
  let left = budget;
  let open = wants.map((_, index) => (index + turn) % wants.length).filter((index) => wants[index]! > 0);
  while (left > 0 && open.length > 0) {
    const each = Math.max(1, Math.floor(left / open.length));
    for (const index of open) {
      const more = Math.min(each, wants[index]! - shares[index]!, left);
      shares[index]! += more;
      left -= more;
    }
    open = open.filter((index) => shares[index]! < wants[index]!);
  }
  return shares;
}
