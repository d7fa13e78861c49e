import { InvalidArgumentError } from "commander";

/**
 * An option's value as a whole number; commander names the option in the error.
 * @param other one number beyond these bounds, with a meaning of its own
 */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER, other?: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text === String(other)) return value;
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const orOther = other === undefined ? "" : `, or ${other}`;
      throw new InvalidArgumentError(`It takes a whole number ${range(min, max)}${orOther}.`);
    }
    return value;
  };
}

/** An option's value as a number with decimals. */
export function decimalNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= min && value <= max))
      throw new InvalidArgumentError(`It takes a number ${range(min, max)}.`);
    return value;
  };
}

const range = (min: number, max: number) =>
  max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
