// Lists, creates and pages with the client of @hey-api/openapi-ts; compiled only.

import { client } from './generated/hey-api/client.gen';
import {
  createTenantUser,
  listTenantRoles,
  listTenantUsers,
  listUsersV0,
} from './generated/hey-api/sdk.gen';
import type { ErrorCode, TenantUser, UserResponse } from './generated/hey-api/types.gen';

client.setConfig({ auth: 'token', baseUrl: 'http://127.0.0.1:8080' });

export async function pages(tenant: string): Promise<UserResponse[]> {
  const users: UserResponse[] = [];
  for (let page = 0; ; page += 1) {
    const query = { 'filter[tenant]': tenant, 'page[number]': page, sort: '-email' as const };
    const { data } = await listUsersV0({ query, throwOnError: true });
    users.push(...data.data);
    if (data.links.next === undefined) return users;
  }
}

export async function create(tenantId: string, email: string): Promise<TenantUser | ErrorCode> {
  const roles = await listTenantRoles({ path: { tenantId }, throwOnError: true });
  const role = roles.data.filter((role) => role.grantable).at(-1)?.name ?? 'member';
  const { data, error } = await createTenantUser({ path: { tenantId }, body: { email, role } });
  return data ?? error.code;
}

export async function list(tenantId: string): Promise<TenantUser[]> {
  const { data } = await listTenantUsers({ path: { tenantId }, throwOnError: true });
  return data;
}
