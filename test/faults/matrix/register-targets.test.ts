import { faultMatrix } from './matrix.ts';
import { REGISTER } from './targets.ts';

REGISTER.forEach(faultMatrix);
