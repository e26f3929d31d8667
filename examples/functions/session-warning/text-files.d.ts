// For the compiler: what `import … with { type: 'text' }` gives. The build puts the file's text into the bundle.
declare module '*.html' {
  const text: string;
  export default text;
}
declare module '*/session-warning.js' {
  const text: string;
  export default text;
}
