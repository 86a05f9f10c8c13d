const basePath = process.env.BASE_PATH?.replace(/\/$/, '') ?? ''; // '/app' for a page that lies under this path

export default { output: 'export', basePath, env: { NEXT_PUBLIC_BASE_PATH: basePath } };
