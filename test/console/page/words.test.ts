/** The texts of the page. */
import { describe, expect, it } from 'vitest';
import { axisTexts } from '../../../src/console/page/words.js';

describe('The texts of an axis', () => {
  it.each([
    [[0, 500, 1000], 500, ['0', '500', '1,000']],
    [[0, 2.5, 5], 2.5, ['0.0', '2.5', '5.0']],
    [[0, 0.2, 0.4, 0.6000000000000001], 0.2, ['0.0', '0.2', '0.4', '0.6']],
    [[0, 0.025, 0.05], 0.025, ['0.000', '0.025', '0.050']],
  ])('of %j have the digits that tell them apart', (values, step, texts) => {
    expect(axisTexts(values, step)).toEqual(texts);
  });
});
