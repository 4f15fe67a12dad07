/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The enumerations and forward declarations that all public headers share. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IOMMUD_PUBLIC __attribute__ ((visibility ("default")))

/* Autoptr functions are static inline, so each type is declared before its header is. */
typedef struct _IommudBackend IommudBackend;
typedef struct _IommudHost IommudHost;
typedef struct _IommudDevice IommudDevice;
typedef struct _IommudContainer IommudContainer;
typedef struct _IommudHwpt IommudHwpt;
typedef struct _IommudLease IommudLease;
typedef struct _IommudMemory IommudMemory;
typedef struct _IommudDirtyTracking IommudDirtyTracking;

/**
 * IommudDeviceState:
 * @IOMMUD_DEVICE_STATE_AVAILABLE: no context of ours holds the device
 * @IOMMUD_DEVICE_STATE_BOUND: bound to a container's context, its DMA blocked
 * @IOMMUD_DEVICE_STATE_ATTACHED: translating through a HWPT, or an IOAS for an mdev
 * @IOMMUD_DEVICE_STATE_LEASED: handed out to the client of a lease, which binds it itself
 *
 * What a device is doing for this host object.
 */
typedef enum
{
  IOMMUD_DEVICE_STATE_AVAILABLE,
  IOMMUD_DEVICE_STATE_BOUND,
  IOMMUD_DEVICE_STATE_ATTACHED,
  IOMMUD_DEVICE_STATE_LEASED,
} IommudDeviceState;

/**
 * IommudLeaseState:
 * @IOMMUD_LEASE_STATE_ACTIVE: its client has the guard
 * @IOMMUD_LEASE_STATE_LINGERING: it has ended, but something of it is still in use
 *
 * Whether a lease is in force.
 */
typedef enum
{
  IOMMUD_LEASE_STATE_ACTIVE,
  IOMMUD_LEASE_STATE_LINGERING,
} IommudLeaseState;

/**
 * IommudTrackerKind:
 * @IOMMUD_TRACKER_KIND_UNKNOWN: the device is not bound, so it was not asked
 * @IOMMUD_TRACKER_KIND_DEVICE: the device logs its own DMA
 * @IOMMUD_TRACKER_KIND_IOMMU: the IOMMU records it in the HWPT
 * @IOMMUD_TRACKER_KIND_NONE: nothing can
 *
 * What records the pages that a device has dirtied by DMA.
 */
typedef enum
{
  IOMMUD_TRACKER_KIND_UNKNOWN,
  IOMMUD_TRACKER_KIND_DEVICE,
  IOMMUD_TRACKER_KIND_IOMMU,
  IOMMUD_TRACKER_KIND_NONE,
} IommudTrackerKind;

/**
 * IommudDirtyTrackingPolicy:
 * @IOMMUD_DIRTY_TRACKING_POLICY_OFF: HWPTs are made without dirty tracking
 * @IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED: with dirty tracking, if the device's IOMMU can
 * @IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED: a device that no tracker covers is refused
 *
 * What a container asks of the devices that are attached to it.
 */
typedef enum
{
  IOMMUD_DIRTY_TRACKING_POLICY_OFF,
  IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED,
  IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED,
} IommudDirtyTrackingPolicy;

/**
 * IommudDirtyTrackingCoverage:
 * @IOMMUD_DIRTY_TRACKING_COVERAGE_FULL: some tracker covers every attached device
 * @IOMMUD_DIRTY_TRACKING_COVERAGE_PARTIAL: some devices are covered, some are not
 * @IOMMUD_DIRTY_TRACKING_COVERAGE_NONE: no attached device is covered
 *
 * How many of a container's attached devices a tracker covers.
 */
typedef enum
{
  IOMMUD_DIRTY_TRACKING_COVERAGE_FULL,
  IOMMUD_DIRTY_TRACKING_COVERAGE_PARTIAL,
  IOMMUD_DIRTY_TRACKING_COVERAGE_NONE,
} IommudDirtyTrackingCoverage;

/**
 * IommudAccounting:
 * @IOMMUD_ACCOUNTING_USER: locked memory is charged to the user, the kernel's default
 * @IOMMUD_ACCOUNTING_PROCESS: locked memory is charged to the process that maps
 *
 * Whom the kernel charges for pinned memory (IOMMU_OPTION_RLIMIT_MODE).
 */
typedef enum
{
  IOMMUD_ACCOUNTING_USER,
  IOMMUD_ACCOUNTING_PROCESS,
} IommudAccounting;

/**
 * IommudAttachMode:
 * @IOMMUD_ATTACH_MODE_AUTO: pick or make a fitting HWPT
 * @IOMMUD_ATTACH_MODE_KERNEL: attach to the IOAS itself; the kernel picks or makes the HWPT
 *
 * How a device is attached to a container.
 */
typedef enum
{
  IOMMUD_ATTACH_MODE_AUTO,
  IOMMUD_ATTACH_MODE_KERNEL,
} IommudAttachMode;

/**
 * IommudTrackerChoice:
 * @IOMMUD_TRACKER_CHOICE_AUTO: the device's own log if it has one, else its IOMMU; all for a read
 * @IOMMUD_TRACKER_CHOICE_DEVICE: the device's own log
 * @IOMMUD_TRACKER_CHOICE_IOMMU: the IOMMU, in the device's HWPT
 *
 * Which tracker is asked for: to record what a device dirties, or to be read.
 */
typedef enum
{
  IOMMUD_TRACKER_CHOICE_AUTO,
  IOMMUD_TRACKER_CHOICE_DEVICE,
  IOMMUD_TRACKER_CHOICE_IOMMU,
} IommudTrackerChoice;

/**
 * IommudHwptManagement:
 * @IOMMUD_HWPT_MANAGEMENT_AUTO: made by our attach logic and freed with its last device
 * @IOMMUD_HWPT_MANAGEMENT_MANUAL: made by iommud_container_alloc_hwpt(), freed on request
 * @IOMMUD_HWPT_MANAGEMENT_KERNEL: made and freed inside the kernel
 *
 * Who made a HWPT and who frees it.
 */
typedef enum
{
  IOMMUD_HWPT_MANAGEMENT_AUTO,
  IOMMUD_HWPT_MANAGEMENT_MANUAL,
  IOMMUD_HWPT_MANAGEMENT_KERNEL,
} IommudHwptManagement;

/**
 * IommudHwptFlags:
 * @IOMMUD_HWPT_FLAGS_NONE: a plain HWPT
 * @IOMMUD_HWPT_FLAGS_DIRTY_TRACKING: the IOMMU can record dirty pages in it
 * @IOMMUD_HWPT_FLAGS_NEST_PARENT: it can be the parent of nested HWPTs
 *
 * What a HWPT was allocated with.
 */
typedef enum /*< flags >*/
{
  IOMMUD_HWPT_FLAGS_NONE = 0,
  IOMMUD_HWPT_FLAGS_DIRTY_TRACKING = 1 << 0,
  IOMMUD_HWPT_FLAGS_NEST_PARENT = 1 << 1,
} IommudHwptFlags;

G_END_DECLS
