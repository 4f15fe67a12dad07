/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the service on the bus, for the service, its clients and the tests. */
#pragma once

/**
 * IOMMUD_DBUS_BUS_NAME:
 *
 * The name that the service owns on the bus.
 */
#define IOMMUD_DBUS_BUS_NAME "org.iommud1"

/**
 * IOMMUD_DBUS_ROOT_PATH:
 *
 * The path of the object manager. All other objects are below it.
 */
#define IOMMUD_DBUS_ROOT_PATH "/org/iommud1"

/**
 * IOMMUD_DBUS_MANAGER_PATH:
 *
 * The path of the one object that has the interface org.iommud1.Manager.
 */
#define IOMMUD_DBUS_MANAGER_PATH "/org/iommud1/Manager"

/**
 * IOMMUD_DBUS_DEVICES_PATH:
 *
 * The path of each device begins with this and a slash.
 */
#define IOMMUD_DBUS_DEVICES_PATH "/org/iommud1/devices"

/**
 * IOMMUD_DBUS_CONTAINERS_PATH:
 *
 * The path of each container begins with this and a slash.
 */
#define IOMMUD_DBUS_CONTAINERS_PATH "/org/iommud1/containers"

/**
 * IOMMUD_DBUS_LEASES_PATH:
 *
 * The path of each lease begins with this and a slash.
 */
#define IOMMUD_DBUS_LEASES_PATH "/org/iommud1/leases"

/**
 * IOMMUD_DBUS_NO_PATH:
 *
 * The object path that stands for no object.
 */
#define IOMMUD_DBUS_NO_PATH "/"

/**
 * IOMMUD_DBUS_MANAGER_INTERFACE:
 *
 * The interface of the host as a whole.
 */
#define IOMMUD_DBUS_MANAGER_INTERFACE "org.iommud1.Manager"

/**
 * IOMMUD_DBUS_DEVICE_INTERFACE:
 *
 * The interface of a device.
 */
#define IOMMUD_DBUS_DEVICE_INTERFACE "org.iommud1.Device"

/**
 * IOMMUD_DBUS_CONTAINER_INTERFACE:
 *
 * The interface of a container.
 */
#define IOMMUD_DBUS_CONTAINER_INTERFACE "org.iommud1.Container"

/**
 * IOMMUD_DBUS_MEMORY_INTERFACE:
 *
 * The interface of what is mapped in a container.
 */
#define IOMMUD_DBUS_MEMORY_INTERFACE "org.iommud1.Memory"

/**
 * IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE:
 *
 * The interface of the pages that a container's devices write to.
 */
#define IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE "org.iommud1.DirtyTracking"

/**
 * IOMMUD_DBUS_HWPT_INTERFACE:
 *
 * The interface of a HWPT.
 */
#define IOMMUD_DBUS_HWPT_INTERFACE "org.iommud1.Hwpt"

/**
 * IOMMUD_DBUS_LEASE_INTERFACE:
 *
 * The interface of a lease.
 */
#define IOMMUD_DBUS_LEASE_INTERFACE "org.iommud1.Lease"
