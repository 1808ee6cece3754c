// A style sheet is imported as its minified text; the bundler does it.
declare module "*.css" {
  const text: string;
  export default text;
}
