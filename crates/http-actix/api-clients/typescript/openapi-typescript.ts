// Lists, creates and pages with the types of openapi-typescript: node openapi-typescript.js URL TOKEN

import createClient from 'openapi-fetch';

import type { components, paths } from './generated/openapi-typescript.js';

type ErrorCode = components['schemas']['ErrorCode'];
type Role = components['schemas']['Role'];
type TenantUser = components['schemas']['TenantUser'];
type UserResponse = components['schemas']['UserResponse'];

declare const process: { argv: string[] };

const [, , baseUrl = '', token = ''] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function expect(condition: boolean, text: string): asserts condition {
  if (!condition) throw new globalThis.Error(text);
}

async function pages(tenant: string): Promise<UserResponse[]> {
  const users: UserResponse[] = [];
  for (let page = 0; ; page += 1) {
    const { data, error } = await client.GET('/api/v1/users', {
      params: {
        query: {
          'filter[tenant]': tenant,
          'page[number]': page,
          'page[size]': 2,
          sort: '-createdAt',
        },
      },
    });
    expect(data !== undefined, JSON.stringify(error));
    users.push(...data.data);
    expect(data.links.first.href.startsWith('http'), 'links.first is always present');
    if (data.links.next === undefined) return users;
  }
}

async function list(tenantId: string): Promise<TenantUser[]> {
  const { data, error } = await client.GET('/api/{tenantId}/admin/users', {
    params: { path: { tenantId } },
  });
  expect(data !== undefined, JSON.stringify(error));
  return data;
}

async function grantableRoles(tenantId: string): Promise<Role[]> {
  const { data, error } = await client.GET('/api/{tenantId}/admin/roles', {
    params: { path: { tenantId } },
  });
  expect(data !== undefined, JSON.stringify(error));
  return data.filter((role) => role.grantable);
}

async function create(tenantId: string, email: string, role: string): Promise<TenantUser | ErrorCode> {
  const { data, error } = await client.POST('/api/{tenantId}/admin/users', {
    params: { path: { tenantId } },
    body: { email, role, name: null },
  });
  return data ?? error.code;
}

const before = await list('acme');
expect(before.some((user) => user.tenantRole === 'owner'), 'acme has an owner');

const [strongest] = await grantableRoles('acme');
expect(strongest !== undefined && strongest.may.includes('write'), 'some role is grantable');

const created = await create('acme', 'typescript@acme.example', strongest.name);
expect(typeof created === 'object' && !created.blocked, JSON.stringify(created));
const again = await create('acme', 'typescript@acme.example', strongest.name);
expect(again === 'already_attached', JSON.stringify(again));

const paged = await pages('acme');
const ids = new Set(paged.map((user) => user.id));
expect(ids.size === before.length + 1 && ids.has(created.id), 'every user is on one page');

const { error } = await client.GET('/api/v1/users/{userId}', {
  params: { path: { userId: 'auth0|nobody' } },
});
expect(error?.errors[0]?.code === 'user_not_found', JSON.stringify(error));
