import { describe, expect, test } from "bun:test";
import { type Cells, chooseSlot, Slot } from "../../src/engine/worker/slots.ts";

const cells = (first = 0): Cells & { removed: number[]; cleared: number } => ({
  removed: [],
  cleared: 0,
  clear() {
    this.cleared++;
  },
  removeFrom(_sequence, position) {
    this.removed.push(position);
    return true;
  },
  firstPosition: () => first,
});

function slot(tokens: number[], lastUsed = 0): Slot {
  const made = new Slot(0, 100, cells());
  made.append(Uint32Array.from(tokens));
  made.lastUsed = lastUsed;
  return made;
}

const prompt = Uint32Array.of(1, 2, 3, 4, 5);

describe("the slot for a prompt", () => {
  test("is the one that begins like it for longest", () => {
    const slots = [slot([1, 2]), slot([1, 2, 3, 9]), slot([9, 2, 3, 4, 5])];
    expect(chooseSlot(slots, prompt)).toBe(slots[1]!);
  });

  test("is the one unused for longest when several are as good", () => {
    const slots = [slot([7], 30), slot([8], 10), slot([9], 20)];
    expect(chooseSlot(slots, prompt)).toBe(slots[1]!);
  });

  test("is one that was never used rather than one with another conversation", () => {
    const slots = [slot([7], 30), slot([])];
    expect(chooseSlot(slots, prompt)).toBe(slots[1]!);
  });

  test("is the one that begins with all of it, however much was answered to that", () => {
    const answer = Array.from({ length: 50 }, (_, at) => 10 + at);
    const slots = [slot([1, 2, 3, 4, 5, ...answer], 30), slot([])];
    expect(chooseSlot(slots, prompt)).toBe(slots[0]!);
  });

  test("is an empty one rather than one with a long conversation that only begins alike", () => {
    const slots = [slot([1, 2, 7, 8, 9], 30), slot([])];
    expect(chooseSlot(slots, prompt)).toBe(slots[1]!);
  });

  test("is the one unused for longest when all hold conversations that only begin alike", () => {
    const slots = [slot([1, 2, 7, 8, 9], 30), slot([1, 6, 7, 8, 9], 10), slot([1, 2, 7, 8, 9], 20)];
    expect(chooseSlot(slots, prompt)).toBe(slots[1]!);
  });

  test("is one with another conversation when what both have is most of it", () => {
    const slots = [slot([1, 2, 3, 4, 9, 8], 30), slot([])];
    expect(chooseSlot(slots, prompt)).toBe(slots[0]!);
  });

  test("is never busy or broken", () => {
    const slots = [slot([1, 2, 3]), slot([1, 2]), slot([])];
    slots[0]!.busy = true;
    slots[1]!.broken = true;
    expect(chooseSlot(slots, prompt)).toBe(slots[2]!);
    slots[2]!.busy = true;
    expect(chooseSlot(slots, prompt)).toBeNull();
  });
});

describe("cutting a slot back", () => {
  test("removes what lies behind, and nothing when there is nothing", async () => {
    const native = cells();
    const cut = new Slot(3, 100, native);
    cut.append(prompt);
    expect(await cut.keep(3)).toBe(3);
    expect(native.removed).toEqual([3]);
    expect(cut.commonPrefix(prompt)).toBe(3);
    expect(await cut.keep(3)).toBe(3);
    expect(native.removed).toEqual([3]);
  });

  test("to nothing clears the sequence", async () => {
    const native = cells();
    const cut = new Slot(3, 100, native);
    cut.append(prompt);
    expect(await cut.keep(0)).toBe(0);
    expect(native.cleared).toBe(1);
  });

  test("behind a sliding window keeps the cache only where the whole window is still there", async () => {
    const long = Uint32Array.from({ length: 80 }, (_, index) => index);
    // Cells from position 60 on are there, and every token looks back on 16.
    const near = new Slot(0, 100, cells(60), 16);
    near.append(long);
    expect(await near.keep(76)).toBe(76);
    const far = new Slot(0, 100, cells(60), 16);
    far.append(long);
    expect(await far.keep(75)).toBe(0);
  });
});
