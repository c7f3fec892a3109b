export const INSTALLATION = 'simulated';
export const SECRET_VALUE = 'hunter2-is-not-to-be-seen';
