export default {
  base: process.env.BASE_PATH ?? '/', // '/app/' for a page that lies under this path
  optimizeDeps: { exclude: ['smile-detector'] }, // so that `vite dev` serves the worker from the package
};
