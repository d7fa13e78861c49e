/** Set-up can not go on; the message says why, and what a person can do about it. */
export class SetUpError extends Error {}
