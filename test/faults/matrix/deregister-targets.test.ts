import { faultMatrix } from './matrix.ts';
import { DEREGISTER } from './targets.ts';

DEREGISTER.forEach(faultMatrix);
