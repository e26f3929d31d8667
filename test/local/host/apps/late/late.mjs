// Loads until the test has seen it, and then for a while.
console.log('still loading');
await new Promise((resolve) => setTimeout(resolve, 500));
