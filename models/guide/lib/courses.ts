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
 * One after the other. The last, which is learned at low rates, is mostly what the guide is for: what is learned last
 * is known best.
 */
const COURSES: readonly Course[] = [
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

/** How many samples a training has. */
export const SAMPLES = COURSES.at(-1)!.until;

/**
 * The course of the sample that is drawn after so many others.
 * @throws RangeError when the training has no more samples
 */
export function courseOf(made: number): Course {
  const course = COURSES.find(({ until }) => made < until);
  if (!course) throw new RangeError(`a training has ${SAMPLES} samples, and this is one more than ${made}`);
  return course;
}
