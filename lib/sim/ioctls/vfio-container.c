/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Old VFIO containers on an IOAS. Order of checks: vfio_compat.c of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/vfio-container.h"

#include "sim/objects/ioas.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

#define API_VERSION 0

enum
{
  TYPE1_IOMMU = 1,
  TYPE1V2_IOMMU = 3,
  DMA_CC_IOMMU = 4,
  UNMAP_ALL = 9,
};

static int
get_ioas (IommudSimulatedContext *context, IommudSimulatedIoas **ioas)
{
  *ioas = (IommudSimulatedIoas *) context->vfio_ioas;
  return *ioas != NULL ? 0 : ENODEV;
}

static int
answer_ioas (IommudSimulatedCommand *command)
{
  struct iommud_abi_vfio_ioas *record = command->record;
  IommudSimulatedIoas *ioas;
  int errnum = get_ioas (command->context, &ioas);

  if (errnum != 0)
    return errnum;
  record->ioas_id = ioas->object.id;
  return iommud_simulated_command_respond (command);
}

static int
set_ioas (IommudSimulatedContext *context, guint32 id)
{
  IommudSimulatedIoas *ioas;
  int errnum = iommud_simulated_ioas_get (context, id, &ioas);

  if (errnum == 0)
    context->vfio_ioas = &ioas->object;
  return errnum;
}

int
iommud_simulated_vfio_ioas (IommudSimulatedCommand *command)
{
  const struct iommud_abi_vfio_ioas *record = command->record;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  switch (record->op)
    {
    case IOMMUD_ABI_VFIO_IOAS_GET:
      return answer_ioas (command);
    case IOMMUD_ABI_VFIO_IOAS_SET:
      return set_ioas (command->context, record->ioas_id);
    case IOMMUD_ABI_VFIO_IOAS_CLEAR:
      command->context->vfio_ioas = NULL;
      return 0;
    default:
      return EOPNOTSUPP;
    }
}

static int
map_dma (IommudSimulatedContext *context, guint64 address, IommudSimulatedAccount *account)
{
  struct iommud_abi_vfio_dma_map map;
  IommudSimulatedIoas *ioas;
  guint64 iova;
  guint flags = IOMMUD_SIMULATED_MAP_FIXED;

  if (iommud_simulated_copy_from_user (&map, address, sizeof map) != 0)
    return EFAULT;
  if (map.argsz < sizeof map
      || (map.flags & ~(guint32) (IOMMUD_ABI_VFIO_DMA_MAP_READ | IOMMUD_ABI_VFIO_DMA_MAP_WRITE))
             != 0)
    return EINVAL;
  if (get_ioas (context, &ioas) != 0)
    return ENODEV;
  flags |= (map.flags & IOMMUD_ABI_VFIO_DMA_MAP_READ) != 0 ? IOMMUD_SIMULATED_MAP_READ : 0;
  flags |= (map.flags & IOMMUD_ABI_VFIO_DMA_MAP_WRITE) != 0 ? IOMMUD_SIMULATED_MAP_WRITE : 0;
  iova = map.iova;
  return iommud_simulated_ioas_map_user (ioas, map.vaddr, map.size, flags, account, &iova);
}

/* If there are no large pages, a part of a mapping can be unmapped: it is cut out first. */
static int
cut_out (IommudSimulatedIoas *ioas, guint64 iova, guint64 size)
{
  int errnum = 0;

  if (ioas->single_pages)
    errnum = iommud_simulated_ioas_cut (ioas, iova + size - 1);
  if (ioas->single_pages && errnum == 0 && iova != 0)
    errnum = iommud_simulated_ioas_cut (ioas, iova - 1);
  return errnum;
}

static int
unmap_range (IommudSimulatedIoas *ioas, const struct iommud_abi_vfio_dma_unmap *unmap,
             guint64 *unmapped)
{
  if (unmap->size == 0)
    return EINVAL;
  if (unmap->size - 1 > G_MAXUINT64 - unmap->iova)
    return EOVERFLOW;
  return iommud_simulated_ioas_unmap_range (ioas, unmap->iova, unmap->iova + (unmap->size - 1),
                                            unmapped);
}

static int
load_unmap (IommudSimulatedContext *context, guint64 address,
            struct iommud_abi_vfio_dma_unmap *unmap, IommudSimulatedIoas **ioas)
{
  if (iommud_simulated_copy_from_user (unmap, address, sizeof *unmap) != 0)
    return EFAULT;
  if (unmap->argsz < sizeof *unmap
      || (unmap->flags & ~(guint32) IOMMUD_ABI_VFIO_DMA_UNMAP_ALL) != 0)
    return EINVAL;
  if (get_ioas (context, ioas) != 0)
    return ENODEV;
  return unmap->flags != 0 && (unmap->iova != 0 || unmap->size != 0) ? EINVAL : 0;
}

/* Unlike UNMAP, this says how much was unmapped before an error. */
static int
unmap_dma (IommudSimulatedContext *context, guint64 address)
{
  struct iommud_abi_vfio_dma_unmap unmap;
  IommudSimulatedIoas *ioas;
  guint64 unmapped = 0;
  gboolean all;
  int errnum = load_unmap (context, address, &unmap, &ioas);

  if (errnum != 0)
    return errnum;
  all = unmap.flags != 0;
  errnum = all ? 0 : cut_out (ioas, unmap.iova, unmap.size);
  if (errnum != 0)
    return errnum;
  errnum = all ? iommud_simulated_ioas_unmap_range (ioas, 0, G_MAXUINT64, &unmapped)
               : unmap_range (ioas, &unmap, &unmapped);
  unmap.size = unmapped;
  return iommud_simulated_copy_to_user (address, &unmap, sizeof unmap) != 0 ? EFAULT : errnum;
}

static guint64
get_page_sizes (const IommudSimulatedIoas *ioas)
{
  return ioas->domains.length > 0 ? IOMMUD_SIMULATED_PAGE_SIZE : -IOMMUD_SIMULATED_PAGE_SIZE;
}

/* The two capabilities, as they follow the record. */
typedef struct
{
  struct iommud_abi_vfio_info_dma_avail avail;
  guint32 pad;
  struct iommud_abi_vfio_info_iova_ranges ranges; /* and the ranges themselves */
} Capabilities;

static GArray *
list_ranges (IommudSimulatedIoas *ioas)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (struct iommud_abi_iova_range));
  guint64 from = 0;
  guint64 first;
  guint64 last;

  while (iommud_simulated_ioas_find_usable (ioas, from, &first, &last))
    {
      struct iommud_abi_iova_range range = { .start = first, .last = last };

      g_array_append_val (ranges, range);
      if (last == G_MAXUINT64)
        break;
      from = last + 1;
    }
  return ranges;
}

static int
give_capabilities (guint64 address, const GArray *ranges)
{
  Capabilities capabilities = {
    .avail = { .header = { .id = IOMMUD_ABI_VFIO_INFO_CAP_DMA_AVAIL,
                           .version = 1,
                           .next = sizeof (struct iommud_abi_vfio_iommu_info)
                                   + G_STRUCT_OFFSET (Capabilities, ranges) },
               .avail = G_MAXUINT32 },
    .ranges = { .header = { .id = IOMMUD_ABI_VFIO_INFO_CAP_IOVA_RANGE, .version = 1 },
                .nr_iovas = ranges->len },
  };

  if (iommud_simulated_copy_to_user (address, &capabilities, sizeof capabilities) != 0)
    return EFAULT;
  return iommud_simulated_copy_to_user (address + sizeof capabilities, ranges->data,
                                        ranges->len * sizeof (struct iommud_abi_iova_range));
}

static int
get_info (IommudSimulatedContext *context, guint64 address)
{
  struct iommud_abi_vfio_iommu_info info = { 0 };
  g_autoptr (GArray) ranges = NULL;
  IommudSimulatedIoas *ioas;
  guint32 room;
  guint32 needed;

  if (iommud_simulated_copy_from_user (&info, address, IOMMUD_ABI_VFIO_IOMMU_INFO_MIN_SIZE) != 0)
    return EFAULT;
  if (info.argsz < IOMMUD_ABI_VFIO_IOMMU_INFO_MIN_SIZE)
    return EINVAL;
  if (get_ioas (context, &ioas) != 0)
    return ENODEV;
  ranges = list_ranges (ioas);
  room = info.argsz;
  needed = (guint32) (sizeof info + sizeof (Capabilities)
                      + ranges->len * sizeof (struct iommud_abi_iova_range));
  info.flags = IOMMUD_ABI_VFIO_IOMMU_INFO_PGSIZES | IOMMUD_ABI_VFIO_IOMMU_INFO_CAPS;
  info.iova_pgsizes = get_page_sizes (ioas);
  info.cap_offset = room >= needed ? sizeof info : 0;
  info.argsz = needed;
  if (room >= needed && give_capabilities (address + sizeof info, ranges) != 0)
    return EFAULT;
  return iommud_simulated_copy_to_user (address, &info, MIN (room, sizeof info));
}

static int
check_coherency (IommudSimulatedContext *context)
{
  IommudSimulatedIoas *ioas;

  if (get_ioas (context, &ioas) != 0)
    return -ENODEV;
  for (GList *l = ioas->domains.head; l != NULL; l = l->next)
    if (!((IommudSimulatedDomain *) l->data)->enforced_coherency)
      return 0;
  return 1;
}

static int
check_extension (IommudSimulatedContext *context, guint64 extension)
{
  switch (extension)
    {
    case TYPE1_IOMMU:
    case TYPE1V2_IOMMU:
    case UNMAP_ALL:
      return 1;
    case DMA_CC_IOMMU:
      return check_coherency (context);
    default:
      return 0;
    }
}

static int
set_iommu (IommudSimulatedContext *context, guint64 type)
{
  IommudSimulatedIoas *ioas;

  if (type != TYPE1_IOMMU && type != TYPE1V2_IOMMU)
    return EINVAL;
  if (get_ioas (context, &ioas) != 0)
    return ENODEV;
  /* The older type unmaps parts of mappings, which large pages do not allow. */
  return type == TYPE1_IOMMU ? iommud_simulated_ioas_set_single_pages (ioas, TRUE) : 0;
}

int
iommud_simulated_vfio_container_ioctl (IommudSimulatedContext *context, unsigned long request,
                                       guint64 argument, IommudSimulatedAccount *account)
{
  switch (request)
    {
    case IOMMUD_ABI_VFIO_GET_API_VERSION:
      return API_VERSION;
    case IOMMUD_ABI_VFIO_CHECK_EXTENSION:
      return check_extension (context, argument);
    case IOMMUD_ABI_VFIO_SET_IOMMU:
      return -set_iommu (context, argument);
    case IOMMUD_ABI_VFIO_IOMMU_GET_INFO:
      return -get_info (context, argument);
    case IOMMUD_ABI_VFIO_IOMMU_MAP_DMA:
      return -map_dma (context, argument, account);
    case IOMMUD_ABI_VFIO_IOMMU_UNMAP_DMA:
      return -unmap_dma (context, argument);
    default:
      return -ENOTTY;
    }
}
