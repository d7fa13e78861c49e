/** What samples are, as shares of all; the rest are questions of the corpus. */
export interface Course {
  /** The first sample that is of the next course. */
  until: number;
  copying: number;
  tools: number;
  conversations: number;
  offTopic: number;
  /** How many of the questions are as they are written, after so many samples. */
  canonical: (made: number) => number;
}

/**
 * A training from nothing, one course after the other. The last, which is learned at low rates, is mostly what the guide
 * is for: what is learned last is known best.
 */
export const FROM_NOTHING: readonly Course[] = [
  {
    until: 558_000,
    copying: 0.02,
    tools: 0.5,
    conversations: 0.09,
    offTopic: 0.1,
    canonical: (made) => 0.14 + 0.22 * (made / 900_000),
  },
  {
    until: 900_000,
    copying: 0.01,
    tools: 0.3,
    conversations: 0.1,
    offTopic: 0.08,
    canonical: () => 0.4,
  },
];

/** One that goes on from a file, which knows most answers already: tools, and then the corpus once more. */
export const GOING_ON: readonly Course[] = [
  {
    until: 100_000,
    copying: 0.01,
    tools: 0.58,
    conversations: 0.08,
    offTopic: 0.07,
    canonical: () => 0.4,
  },
  {
    until: 190_000,
    copying: 0.01,
    tools: 0.42,
    conversations: 0.09,
    offTopic: 0.08,
    canonical: () => 0.5,
  },
];

/** How many samples a training has. */
export const samplesOf = (courses: readonly Course[]): number => courses.at(-1)!.until;

/**
 * The course of the sample that is drawn after so many others.
 * @throws RangeError when the training has no more samples
 */
export function courseOf(courses: readonly Course[], made: number): Course {
  const course = courses.find(({ until }) => made < until);
  if (!course)
    throw new RangeError(`a training has ${samplesOf(courses)} samples, and this is one more than ${made}`);
  return course;
}
