import { TERMINATIONS } from './delayed-termination.ts';
import { faultMatrix } from './matrix.ts';

TERMINATIONS.forEach(faultMatrix);
