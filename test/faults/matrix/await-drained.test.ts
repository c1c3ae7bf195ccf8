import { faultMatrix } from './matrix.ts';
import { AWAIT } from './targets.ts';

AWAIT.forEach(faultMatrix);
