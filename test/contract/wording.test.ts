/** What no schema says in its own words. */
import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { Region } from '../../src/contract/common.ts';
import { parse } from '../../src/contract/parse.ts';

const schema = z.object({
  region: Region,
  text: z.string(),
  word: z.enum(['a', 'b']),
  small: z.number().check(z.gte(1)),
  large: z.number().check(z.lt(9)),
  list: z.array(z.string()).check(z.maxLength(1)),
  anything: z.nonoptional(z.unknown()),
  form: z.string().check(z.regex(/^x/)),
});

test('every fault says what was expected, also where the schema has no words of its own', () => {
  const document = { region: 'eu', text: 1, word: 'c', small: 0, large: 9, list: ['a', 'b'], form: 'y' };
  const message = (() => {
    try {
      parse(schema, document, 'the document');
      return '';
    } catch (error) {
      return String(error);
    }
  })();
  for (const fault of [
    'region must be an AWS region such as "eu-west-1", got "eu"',
    'text must be of the type string, got 1',
    'word must be "a" or "b", got "c"',
    'small must be at least 1, got 0',
    'large must be less than 9, got 9',
    'list must have at most 1 members, got ["a","b"]',
    'anything must be given, got nothing',
    'form is not of the right form, got "y"',
  ]) {
    expect(message).toContain(fault);
  }
});
