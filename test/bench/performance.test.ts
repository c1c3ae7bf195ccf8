/** docs/performance.md says what is true: its counts are measured anew. Never its times. */
import { readFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { bench as action } from '../../bench/action.ts';
import { bench as cloudMap } from '../../bench/cloud-map.ts';
import { bench as cost } from '../../bench/cost.ts';
import { bench as drains, manyBySluice, oneBySluice } from '../../bench/drains.ts';
import { bench as dropped } from '../../bench/dropped.ts';
import { bench as serve } from '../../bench/serve.ts';
import type { Line } from '../../bench/support/bench.ts';
import { cellsOf, formatFigure, rowIn } from '../../bench/support/table.ts';
import { bench as targets } from '../../bench/targets.ts';
import { bench as terminations } from '../../bench/terminations.ts';

// Measuring takes a second or two on an idle machine.
jest.setTimeout(180_000);

const DOCS = readFileSync('docs/performance.md', 'utf8');

/** Columns of what is counted; the others are times and shares. */
const COUNTS = ['AWS calls', 'transitions', 'ended', 'drained', 'too early', 'lost', 'throttled'];

const countsOf = (line: Line) =>
  Object.fromEntries(
    COUNTS.filter((column) => column in line.figures).map((column) => [
      column,
      formatFigure(line.figures[column], column),
    ]),
  );

const ROWS = [drains, dropped, targets, terminations].flatMap(({ rows }) => rows.map(({ name }) => name));

test.each(ROWS)('has the row %s', (name) => {
  expect(rowIn(DOCS, name)).toMatch(/^\n\| way .*\|\n\|-[-:|]+\|\n\| least possible /);
});

const OF_ITSELF = [action, cloudMap, cost, serve].flatMap(({ rows }) => rows.map(({ name }) => name));

test.each(OF_ITSELF)('has the row %s', (name) => {
  expect(rowIn(DOCS, name)).toMatch(/^\n\| way .*\|\n\|-[-:|]+\|\n\| \S/);
});

describe('says of one drain what it costs', () => {
  test.each([
    ['drain-short', 30],
    ['drain-usual', 300],
    ['drain-long', 12 * 3_600],
    ['drain-48h', 47 * 3_600],
  ])('%s', async (name, seconds) => {
    const line = await oneBySluice(seconds);
    expect(cellsOf(rowIn(DOCS, name) ?? '', line.way)).toMatchObject(countsOf(line));
  });
});

test('says of a hundred drains at once what they cost', async () => {
  const line = await manyBySluice(100);
  expect(cellsOf(rowIn(DOCS, 'drains-100') ?? '', line.way)).toMatchObject(countsOf(line));
});

test.each([
  ['dropped', 'Sluice', { 'requests dropped': '0', 'instances drained': '1,000', 'ended too early': '0' }],
  ['drains-1000', 'Sluice, one process', { drained: '1,000', 'too early': '0', lost: '0' }],
  ['drain-delay-1000', 'Sluice, one process', { 'answered when drained': '1,000', 'answered too early': '0' }],
  ['terminations-1000', 'Sluice, one process', { terminated: '1,000', 'too early': '0', lost: '0' }],
])('says of %s that every promise was kept', (name, way, promised) => {
  expect(cellsOf(rowIn(DOCS, name) ?? '', way)).toMatchObject(promised);
});

test('the README says the same of the requests dropped', () => {
  const told = [...readFileSync('README.md', 'utf8').matchAll(/^\| (.+?) \| ([\d,]+) \| ([\d,]+) \|$/gm)];
  const counted = [...(rowIn(DOCS, 'dropped') ?? '').matchAll(/^\| (.+?) +\| +([\d,]+) \|(?:.*?\|){2} +([\d,]+) \|/gm)];
  expect(told).toHaveLength(5);
  expect(counted.map(([, ...cells]) => cells)).toEqual(expect.arrayContaining(told.map(([, ...cells]) => cells)));
});
