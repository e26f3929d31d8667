import Module from 'node:module';

/**
 * Makes `require(name)` give `exported` everywhere in this process, though no such package is
 * installed. The Node worker does it the same way, so that the built app runs here unchanged.
 */
export function supplyModule(name: string, exported: object): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- the proxy passes `this` on
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply(target, module, args: unknown[]): unknown {
      return args[0] === name ? exported : Reflect.apply(target, module, args);
    },
  });
}
