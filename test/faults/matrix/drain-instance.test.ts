import { DRAIN } from './drain-instance.ts';
import { faultMatrix } from './matrix.ts';

faultMatrix(DRAIN);
