/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether callers have what their calls need. In this order: root, and the user of a private bus,
 * may do everything; what belongs to the caller's user is that user's; a grant lets a user use
 * devices; polkit, if there is one, may let a caller do the rest; what is left is refused. */
#include "access/authorizer.h"

#include <iommud.h>

#include "access/details.h"
#include "access/follow-configuration.h"
#include "access/ownership.h"
#include "access/polkit.h"
#include "access/refusal.h"

struct _IommudAuthorizer
{
  IommudPolicy policy;
  IommudConfigurationFollower *configuration;
  IommudPolkit *polkit; /* NULL: it is not asked */
  GQueue waiting;       /* of Inquiry: until the configuration was read for the first time */
  IommudAuthorizerConfiguredFunc configured; /* or NULL */
  gpointer user_data;
};

/* A request that is being looked at. */
typedef struct
{
  IommudAuthorizer *authorizer;
  IommudRequest request;
  IommudAction action; /* that polkit is asked about */
  gboolean was_asked;
  IommudAuthorizerFunc answer;
  gpointer user_data;
} Inquiry;

/* --- What a caller has ------------------------------------------------------------------------ */

static IommudSubject
get_subject (const IommudCaller *caller)
{
  return (IommudSubject){ caller->uid, caller->groups };
}

gboolean
iommud_authorizer_trusts (const IommudAuthorizer *self, const IommudCaller *caller)
{
  return iommud_policy_trusts (&self->policy, caller->uid);
}

/* Borrowed; NULL before it was read, and once the service has left the bus. */
static const IommudConfiguration *
get_configuration (const IommudAuthorizer *self)
{
  return self->configuration == NULL ? NULL
                                     : iommud_configuration_follower_get (self->configuration);
}

static gboolean
owns (const IommudCaller *caller, const IommudNeed *need)
{
  guint32 owner = 0;

  return need->object != NULL && iommud_ownership_find (need->object, &owner)
         && owner == caller->uid;
}

static gboolean
is_granted (const IommudAuthorizer *self, const IommudCaller *caller, const IommudNeed *need)
{
  const IommudConfiguration *configuration = get_configuration (self);
  const IommudSubject subject = get_subject (caller);
  g_auto (IommudDeviceTraits) device = { 0 };

  if (!need->may_be_granted || configuration == NULL)
    return FALSE;
  if (need->object == NULL)
    return iommud_configuration_has_grant (configuration, &subject);
  iommud_device_traits_init (&device, need->object);
  return iommud_configuration_grants (configuration, &subject, &device, NULL);
}

static IommudBasis
find_basis (const IommudAuthorizer *self, const IommudCaller *caller, const IommudNeed *need)
{
  if (iommud_authorizer_trusts (self, caller))
    return IOMMUD_BASIS_TRUST;
  if (owns (caller, need))
    return IOMMUD_BASIS_OWNER;
  return is_granted (self, caller, need) ? IOMMUD_BASIS_GRANT : IOMMUD_BASIS_NONE;
}

static void
meet_all (const IommudAuthorizer *self, const IommudRequest *request)
{
  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      IommudNeed *need = iommud_needs_get (request->needs, i);

      if (need->basis == IOMMUD_BASIS_NONE)
        need->basis = find_basis (self, request->caller, need);
    }
}

/* Another basis would not do: what the call has done meanwhile may have made the caller an owner.
 */
static gboolean
holds (const IommudAuthorizer *self, const IommudCaller *caller, const IommudNeed *need)
{
  if (need->basis == IOMMUD_BASIS_OWNER)
    return owns (caller, need);
  if (need->basis == IOMMUD_BASIS_GRANT)
    return is_granted (self, caller, need);
  return need->basis != IOMMUD_BASIS_NONE;
}

/* Whether what was found at the first look is still so. */
gboolean
iommud_authorizer_recheck (const IommudAuthorizer *self, const IommudRequest *request,
                           GError **error)
{
  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      const IommudNeed *need = iommud_needs_get (request->needs, i);

      if (holds (self, request->caller, need))
        continue;
      g_propagate_error (error, iommud_refusal_new (request, need, "it has been withdrawn"));
      return FALSE;
    }
  return TRUE;
}

/* The most that the grants let a program lock for the devices that it asks for, all together.
 * G_MAXUINT64 if polkit lets it have one. What it has already gives nothing more: it may have been
 * given back when its turn comes. */
static guint64
find_locked_memory (const IommudAuthorizer *self, const IommudRequest *request)
{
  const IommudConfiguration *configuration = get_configuration (self);
  const IommudSubject subject = get_subject (request->caller);
  guint64 most = 0;

  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      const IommudNeed *need = iommud_needs_get (request->needs, i);
      g_auto (IommudDeviceTraits) device = { 0 };
      guint64 n_bytes = 0;

      if (need->basis == IOMMUD_BASIS_POLKIT)
        return G_MAXUINT64;
      if (need->basis != IOMMUD_BASIS_GRANT || need->object == NULL || configuration == NULL)
        continue;
      iommud_device_traits_init (&device, need->object);
      (void) iommud_configuration_grants (configuration, &subject, &device, &n_bytes);
      most = MAX (most, n_bytes);
    }
  return most;
}

/* A device of the request that the caller has already. Borrowed; NULL: there is none. */
static IommudDevice *
find_own_device (const IommudRequest *request)
{
  for (guint i = 0; i < iommud_needs_count (request->needs); i++)
    {
      const IommudNeed *need = iommud_needs_get (request->needs, i);

      if (need->basis == IOMMUD_BASIS_OWNER && IOMMUD_IS_DEVICE (need->object))
        return IOMMUD_DEVICE (need->object);
    }
  return NULL;
}

/* Whether the caller's program may lock so much memory for the devices of the call. What it has
 * already it cannot have once more, whatever a grant lets it lock for that. */
gboolean
iommud_authorizer_check_locked_memory (const IommudAuthorizer *self, const IommudRequest *request,
                                       guint64 n_bytes, GError **error)
{
  guint64 most = n_bytes == 0 ? 0 : find_locked_memory (self, request);
  IommudDevice *own = NULL;

  if (n_bytes <= most)
    return TRUE;
  own = find_own_device (request);
  if (own != NULL)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
                   "Cannot lease %s: user %u has it already: detach or release it first",
                   iommud_device_get_name (own), request->caller->uid);
      return FALSE;
    }
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "User %u may lock %" G_GUINT64_FORMAT " bytes for these devices and asks for %" //
               G_GUINT64_FORMAT " (locked-memory in the grants)",
               request->caller->uid, most, n_bytes);
  return FALSE;
}

/* --- Inquiries -------------------------------------------------------------------------------- */

static void
end (Inquiry *inquiry, GError *error)
{
  IommudAuthorizerFunc answer = inquiry->answer;
  gpointer user_data = inquiry->user_data;

  g_free (inquiry);
  answer (error, user_data);
}

/* The caller has all that it needs. What it had before polkit was asked may have changed. */
static void
accept (IommudAuthorizer *self, Inquiry *inquiry)
{
  GError *error = NULL;

  if (inquiry->was_asked)
    (void) iommud_authorizer_recheck (self, &inquiry->request, &error);
  end (inquiry, error);
}

static void on_polkit_answer (IommudPolkitAnswer answer, const char *message, gpointer user_data);

/* What a user has is not asked for twice. */
static void
look (IommudAuthorizer *self, Inquiry *inquiry)
{
  const IommudNeed *unmet = NULL;

  meet_all (self, &inquiry->request);
  unmet = iommud_needs_find_unmet (inquiry->request.needs);
  if (unmet == NULL)
    accept (self, inquiry);
  else if (get_configuration (self) == NULL)
    g_queue_push_tail (&self->waiting, inquiry);
  else if (self->polkit == NULL)
    end (inquiry, iommud_refusal_new (&inquiry->request, unmet, NULL));
  else
    {
      inquiry->action = unmet->action;
      inquiry->was_asked = TRUE;
      iommud_polkit_ask (self->polkit, inquiry->request.caller, inquiry->action,
                         iommud_details_new (&inquiry->request, inquiry->action),
                         inquiry->request.is_interactive, on_polkit_answer, inquiry);
    }
}

static void
on_polkit_answer (IommudPolkitAnswer answer, const char *message, gpointer user_data)
{
  Inquiry *inquiry = user_data;

  if (answer == IOMMUD_POLKIT_ALLOWED)
    {
      iommud_needs_meet (inquiry->request.needs, inquiry->action, IOMMUD_BASIS_POLKIT);
      look (inquiry->authorizer, inquiry);
      return;
    }
  end (inquiry, iommud_refusal_new_from_polkit (&inquiry->request, answer, message));
}

/* What the request points at must live until it is answered. The answer may come before this
 * returns. */
void
iommud_authorizer_check (IommudAuthorizer *self, const IommudRequest *request,
                         IommudAuthorizerFunc answer, gpointer user_data)
{
  Inquiry *inquiry = g_new0 (Inquiry, 1);

  inquiry->authorizer = self;
  inquiry->request = *request;
  inquiry->answer = answer;
  inquiry->user_data = user_data;
  if (iommud_needs_are_too_many (request->needs))
    end (inquiry, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                               "The arguments of %s.%s name more than %d objects",
                               request->interface, request->method, IOMMUD_NEEDS_MAX_OBJECTS));
  else
    look (self, inquiry);
}

static void
on_configured (gpointer user_data)
{
  IommudAuthorizer *self = user_data;

  if (self->configured != NULL)
    self->configured (get_configuration (self), self->user_data);
  while (!g_queue_is_empty (&self->waiting))
    look (self, g_queue_pop_head (&self->waiting));
}

/* @connection: where polkit is asked. A private bus has none that could be trusted; there NULL
 * does.
 */
IommudAuthorizer *
iommud_authorizer_new (const IommudPolicy *policy, GDBusConnection *connection,
                       IommudAuthorizerConfiguredFunc configured, gpointer user_data)
{
  IommudAuthorizer *self = g_new0 (IommudAuthorizer, 1);

  self->policy = *policy;
  self->configured = configured;
  self->user_data = user_data;
  g_queue_init (&self->waiting);
  self->configuration = iommud_configuration_follower_new (policy->config_dir, on_configured, self);
  self->policy.config_dir = NULL; /* it need not live on */
  if (connection != NULL && !policy->own_user_may_change)
    self->polkit = iommud_polkit_new (connection, IOMMUD_POLKIT_PATIENCE_MS);
  return self;
}

/* The service leaves the bus: whatever waits is answered. */
void
iommud_authorizer_close (IommudAuthorizer *self)
{
  g_clear_pointer (&self->polkit, iommud_polkit_free);
  g_clear_pointer (&self->configuration, iommud_configuration_follower_free);
  while (!g_queue_is_empty (&self->waiting))
    end (g_queue_pop_head (&self->waiting),
         g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The service has left the bus"));
}

void
iommud_authorizer_free (IommudAuthorizer *self)
{
  g_free (self);
}
