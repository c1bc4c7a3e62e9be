const path = require('node:path');

module.exports = {
  mode: 'production',
  entry: './page.js',
  output: { path: path.resolve(__dirname, 'out/webpack'), filename: 'page.js' },
  // Styles are no matter here: a loader for them is the application's choice.
  module: { rules: [{ test: /\.css$/, type: 'asset/resource' }] },
};
