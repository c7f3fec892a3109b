/** Built by scripts/demo-image. */
export const IMAGE = 'autoserve/demo-web:1';
