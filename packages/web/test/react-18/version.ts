/** Before each file: it is the React that is meant, and what renders is of the same version. */

import { version } from 'react';
import { version as rendering } from 'react-dom';

if (version !== '18.2.0' || rendering !== version) {
  throw new Error(`the tests run with React ${version} and React DOM ${rendering}; meant is 18.2.0`);
}
