// Loads the app's bundle as the Node worker does, and prints how many milliseconds of CPU that took.
const Module = require('node:module');

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
const before = process.cpuUsage();
require(bundle);
const { user, system } = process.cpuUsage(before);
process.stdout.write(String((user + system) / 1000));
process.exit(0);
