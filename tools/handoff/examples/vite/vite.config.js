export default {
  base: process.env.BASE_PATH ?? '/', // '/app/' for a page that lies under this path
  optimizeDeps: { exclude: ['smile-detector'] }, // else `vite dev` moves the client away from its worker
};
