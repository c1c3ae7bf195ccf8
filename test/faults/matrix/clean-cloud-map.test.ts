import { beforeAll } from '@jest/globals';
import { warmUp } from '../../machines/cloud-map/cloud-map-lab.ts';
import { CLEAN_CLOUD_MAP } from './clean-cloud-map.ts';
import { faultMatrix } from './matrix.ts';

beforeAll(warmUp);
faultMatrix(CLEAN_CLOUD_MAP);
