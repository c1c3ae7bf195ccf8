import { Randomness } from '../../src/simulated-region/randomness.ts';

/** The SDK draws the pauses between its retries from Math.random: seeded, a row is the same each time. @returns what ends it */
export function seedRandom(): () => void {
  const { random } = Math;
  const seeded = new Randomness(1);
  Math.random = () => seeded.next();
  return () => {
    Math.random = random;
  };
}
