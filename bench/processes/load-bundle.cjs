// Loads the app's bundle as the Node worker does, and prints how many milliseconds that took.
const Module = require('node:module');
const { performance } = require('node:perf_hooks');

const core = {
  version: '4.0.0',
  hostVersion: '4.0.0',
  registerFunction() {},
  registerHook() {},
  setProgrammingModel() {},
  Disposable: class {},
};
const original = Module.prototype.require;
Module.prototype.require = function (name) {
  return name === '@azure/functions-core' ? core : original.call(this, name);
};
const bundle = process.argv[2];
const started = performance.now();
require(bundle);
process.stdout.write(String(performance.now() - started));
process.exit(0);
