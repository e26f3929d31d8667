import { type Project, valueAt } from '../bicep-project';

/**
 * Whatever has a place of its own has the tags: azd finds its resources by one, bills are split by others, and some
 * subscriptions refuse what has none.
 */
export function findUntagged(project: Project): string[] {
  return [...project.values()].flatMap(({ path, resources }) =>
    resources
      .filter(({ body }) => valueAt(body, 'location') !== undefined)
      // A part of another resource has the tags of that one.
      .filter(({ body }) => valueAt(body, 'parent') === undefined)
      .filter(({ body }) => !/^(tags$|union\(tags, )/.test(valueAt(body, 'tags')?.text ?? ''))
      .map(({ name }) => `${path}: ${name} has not the tags that it is given`),
  );
}
