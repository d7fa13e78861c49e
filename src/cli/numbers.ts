import { InvalidArgumentError } from "commander";

/** An option's value as a whole number; commander names the option in the error. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It takes a whole number ${range(min, max)}.`);
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
