const TEXT = `The moon pulls the near side of the Earth more than its middle, and the middle more than the far side. So the
sea bulges *twice*: towards the moon, and away from it.

How strong the pull differs across the Earth's radius $r$:

$$\\Delta a \\approx \\frac{2 G M r}{d^3}$$

| Body | Mass | Share of the tide |
|:-----|-----:|------------------:|
| Moon | 7.3 × 10²² kg | 68 % |
| Sun  | 2.0 × 10³⁰ kg | 32 % |

The moon moves on while the Earth turns, so the next high water comes after **12 h 25 min**:

\`\`\`python
from datetime import datetime, timedelta

def next_high_water(last: datetime) -> datetime:
    """A harbour adds a delay of its own."""
    return last + timedelta(hours=12, minutes=25)
\`\`\`

A rule of thumb is no almanac: before you sail, look it up in the *[tide table](https://example.org/tides)* of your
harbour.
`;

/** An answer with something of everything, in pieces as a model would write it. */
export const ANSWER = TEXT.match(/\s*\S+(?:\n+$)?/g) ?? [];

export const QUESTION = "Why are there two tides a day, and when does the next high water come?";
