import { AutoServeError } from '../error.ts';

export function missingApp(name: string): AutoServeError {
  return new AutoServeError('NotFound', `app "${name}" not found`, { remedy: 'autoserve get apps' });
}
