/** Entry of `npm run reference`: the tables → docs/reference. */

import { publish } from '../charts/render/publish';
import { reference } from '../charts/reference/reference';

// Other pages there are written by others (make bench).
console.error(publish(reference(), 'docs/reference', () => false));
